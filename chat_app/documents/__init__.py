"""Documents of the interfaces, made from the models that validate: OpenAPI for HTTP, AsyncAPI for sockets."""
