"""Who is there: online, away or offline, over all devices, told to the people one shares a conversation with."""
