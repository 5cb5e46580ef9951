"""Who may see and do what: accounts, sessions, tokens, rights, and the scope that every query carries."""
