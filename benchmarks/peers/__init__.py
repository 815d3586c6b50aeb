"""The programs we are held against."""
