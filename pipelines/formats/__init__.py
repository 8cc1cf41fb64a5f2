"""Files in and out: annotation JSON, mask codecs, label images, and the sharded dataset."""
