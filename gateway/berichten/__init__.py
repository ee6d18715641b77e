"""The iWmo messages: typed models, codec, XSD validation, code lists, the standard's rules, retour messages. Pure."""
