"""The connection test of a mailbox: SMTP and IMAP side by side, one login each."""
