"""The use cases, one verb a module, with the world (`Context`) as their argument."""
