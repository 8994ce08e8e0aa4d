"""OpenVoice v2: gives speech the tone colour of somebody else's voice."""
