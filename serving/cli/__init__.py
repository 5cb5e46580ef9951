"""The command `yujing`: each file parses, calls one function of the packages below and prints."""
