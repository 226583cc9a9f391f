// CloudFront Function (viewer-request, runtime cloudfront-js-2.0) that serves two formats under one address.
//
// Every rendition is stored twice, as `.jpg` and as `.webp`. Every address that the API returns ends
// in `.jpg`. A viewer that says it takes WebP gets the `.webp` key instead. Only the address is rewritten,
// and the cache key is the address alone. The cache therefore holds two variants of a rendition,
// and not one for each Accept header ever sent. Caches further on are told by `Vary: Accept`, which the
// response headers policy adds to both variants.
//
// WebP goes only to viewers that name `image/webp`. A wildcard (curl, old browsers: `*/*`, `image/*`)
// promises nothing about a format that the viewer may not know. A named WebP can still be refused (`q=0`)
// or be preferred less than JPEG.

var RENDITION = /^\/photos\/(?:(?:large|medium|small)\/[0-9a-f]{32}\/[0-9]+|profile\/(?:large|medium|small)\/[0-9]+)\.jpg$/;

function handler(event) {
    var request = event.request;
    if (RENDITION.test(request.uri) && prefersWebp(qualities(request.headers.accept))) {
        request.uri = request.uri.slice(0, -'.jpg'.length) + '.webp';
    }
    return request;
}

function prefersWebp(ranges) {
    var webp = ranges['image/webp'];
    return webp !== undefined && webp > 0 && webp >= jpegQuality(ranges);
}

// The most specific range that covers JPEG decides its quality (RFC 9110, 12.5.1).
function jpegQuality(ranges) {
    var covering = ['image/jpeg', 'image/*', '*/*'];
    for (var i = 0; i < covering.length; i++) {
        if (ranges[covering[i]] !== undefined) {
            return ranges[covering[i]];
        }
    }
    return 0;
}
