"""Put on the import path where a test needs a sound system that misbehaves on demand."""
