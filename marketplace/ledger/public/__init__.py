"""What strangers download and run themselves. Imported by nothing, imports nothing of ours."""
