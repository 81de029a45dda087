"""Mail: from a text to a message to the operator's SMTP server, or to the log where there is none."""
