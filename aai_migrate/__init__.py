"""One Turn event stream in front of many streaming speech-to-text services."""

__version__ = "0.1.0"
