"""The patch browser: patches that come with the program and those of the player's folder, searched, sorted and
pictured. All but the panel is pure."""
