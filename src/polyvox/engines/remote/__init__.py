"""What engines share that reach another server over HTTP."""
