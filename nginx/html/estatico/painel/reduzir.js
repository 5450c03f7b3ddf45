// A photograph as it is uploaded: drawn once in a canvas, at most 1600 pixels, so that it stands upright, is small and carries nothing
// that the camera wrote into it (place, time, device).
const MOST_PIXELS = 1600;
const MOST_BYTES = 2 * 1024 * 1024;
const QUALITIES = [0.85, 0.75, 0.6, 0.45];

export class NoPicture extends Error {}

async function decode(file) {
    try {
        return await createImageBitmap(file, {imageOrientation: 'from-image'});
    } catch {
        throw new NoPicture('Este arquivo não é uma foto que o navegador saiba abrir. Use JPEG, PNG ou WebP.');
    }
}

function draw(bitmap) {
    const scale = Math.min(1, MOST_PIXELS / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    const context = canvas.getContext('2d');
    // JPEG has no transparency: what is behind is paper, not black.
    context.fillStyle = '#ffffff';
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingQuality = 'high';
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    return canvas;
}

const encode = (canvas, type, quality) => new Promise((done) => canvas.toBlob(done, type, quality));

// A browser that cannot write WebP answers with PNG: then JPEG.
async function smallEnough(canvas, type) {
    for (const quality of QUALITIES) {
        const blob = await encode(canvas, type, quality);
        if (!blob || blob.type !== type)
            return null;
        if (blob.size <= MOST_BYTES)
            return blob;
    }
    return null;
}

export async function reduce(file) {
    const canvas = draw(await decode(file));
    const blob = (await smallEnough(canvas, 'image/webp')) ?? (await smallEnough(canvas, 'image/jpeg'));
    if (!blob)
        throw new NoPicture('Esta foto não ficou pequena o bastante. Tente outra.');
    return blob;
}
