"""Being welcome: the sender's domain proves who it is, and a run that harms it stops by itself."""
