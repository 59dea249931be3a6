"""What plugs into mmseg; each module is imported when it is asked for by name."""
