// CloudFront Function (viewer-request, runtime cloudfront-js-2.0) that tells the API the viewer's address.
//
// Quotas before login count by address. A viewer may send the header too: what they send is replaced. The API
// believes the header only beside the secret that the distribution adds after this function.

function handler(event) {
    var request = event.request;
    request.headers['x-viewer-address'] = { value: event.viewer.ip };
    return request;
}
