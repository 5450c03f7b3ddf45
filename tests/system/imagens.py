"""Small pictures for tests: of a browser's making, and PNGs of any look and length."""
import base64
import os
import struct
import zlib

# 12 × 8 pixels of chocolate and cream, as Chromium's canvas writes them.
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8ybqm"
    "x5moq6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKT/wAARCAAIAAwD"
    "ASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAX/xAAZEAEAAgMAAAAAAAAAAAAAAAAAAgMEIjH/xAAVAQEBAAAAAAAAAAAAAAAAAAADBP/E"
    "ABYRAQEBAAAAAAAAAAAAAAAAAAABAv/aAAwDAQACEQMRAD8AY9XFGFWoDzFFf//Z"
)
WEBP = base64.b64decode("UklGRjYAAABXRUJQVlA4ICoAAADwAQCdASoMAAgABABoJZgCdADdra9WDAAA/j89Qg6FWPDvrO1bH12AAAA=")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 12 8"><path d="M0 0h12v8H0z"/></svg>'
GPS = b"GPSLatitude-23.5505"  # what a camera may know of the place


def chunk(name, data):
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(length=None, width=8, height=8):
    """A PNG of random colours, no two alike; of exactly `length` bytes if need be, some of them no picture's."""
    pixels = b"".join(b"\0" + os.urandom(3 * 8) for _ in range(8))
    parts = [
        b"\x89PNG\r\n\x1a\n",
        chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        chunk(b"IDAT", zlib.compress(pixels)),
        chunk(b"IEND", b""),
    ]
    if length is not None:
        parts.insert(3, chunk(b"IDAT", os.urandom(length - sum(map(len, parts)) - 12)))
    return b"".join(parts)


def jpeg_with_place():
    """The JPEG as a telephone would write it."""
    data = b"Exif\0\0" + GPS
    return JPEG[:2] + b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data + JPEG[2:]


def png_with_place():
    """A PNG, and the same with a place."""
    plain = png()
    return plain, plain[:33] + chunk(b"eXIf", GPS) + chunk(b"tEXt", b"Comment\0" + GPS) + plain[33:]


def webp_with_place():
    """The WebP as a telephone would write it."""
    header = struct.pack("<4sIB3xHBHB", b"VP8X", 10, 0x08, 11, 0, 7, 0)
    body = b"WEBP" + header + WEBP[12:] + struct.pack("<4sI", b"EXIF", len(GPS)) + GPS + b"\0" * (len(GPS) % 2)
    return struct.pack("<4sI", b"RIFF", len(body)) + body
