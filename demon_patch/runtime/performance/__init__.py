"""Plays a program in heard time: admission, control values, what sounds, what is fed back."""
