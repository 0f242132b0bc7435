"""The processes of a rehearsal: parent, children, protocol, cues, machine load."""
