"""How is a partner told about a possible match, and how do we know that the message arrived?"""
