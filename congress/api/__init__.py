"""The REST API: a Flask application that talks to the roles over the bus only."""
