"""Addresses of the pages; what they show is put together in the modules beside this folder."""
