"""Audio in: formats, WAV files, conversion between encodings, chunks and pace."""
