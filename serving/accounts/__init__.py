"""Accounts: sessions, tokens, rights, and the scope that every query carries."""
