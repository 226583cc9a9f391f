// CloudFront Function (viewer-request, runtime cloudfront-js-2.0) that finds the file of the web client.
//
// The client draws its screens itself, so every path of it is answered with the same document: `/` with
// `/index.html`, any other with `/200.html`. A path of the client has no dot in its last segment, or begins with
// the name of a user, which may hold dots. Everything else is a file. A file that is not there is a 404, and no
// document: a script that was asked for must not be answered with HTML.
//
// What can be compressed is stored three times: as it is, `.br` and `.gz`. A viewer that says it takes Brotli or
// gzip gets that one. Caches further on are told by `Vary: Accept-Encoding`, which the response headers policy
// adds to all of them.

var COMPRESSED = /\.(?:css|html|js|json|map|mjs|svg|txt|wasm|webmanifest|xml)$/;
var USER = /^\/(?:@|%40)/;

function handler(event) {
    var request = event.request;
    var file = fileOf(request.uri);
    request.uri = COMPRESSED.test(file) ? file + variantFor(request.headers['accept-encoding']) : file;
    return request;
}

function fileOf(path) {
    if (path === '/') {
        return '/index.html';
    }
    var last = path.slice(path.lastIndexOf('/') + 1);
    return USER.test(path) || last.indexOf('.') === -1 ? '/200.html' : path;
}

// Brotli is smaller, so it is taken unless the viewer prefers gzip. A wildcard promises nothing of a coding that
// is not named.
function variantFor(header) {
    var codings = qualities(header);
    var brotli = codings.br || 0;
    var gzip = codings.gzip || 0;
    if (brotli > 0 && brotli >= gzip) {
        return '.br';
    }
    return gzip > 0 ? '.gz' : '';
}
