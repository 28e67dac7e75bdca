"""The screens of logins that are people: the list, and the form that adds or edits one."""
