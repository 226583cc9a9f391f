import cf from 'cloudfront';

// CloudFront Function (viewer-request, runtime cloudfront-js-2.0) for requests to the API.
//
// It tells the API the viewer's address: quotas before login count by address. A viewer may send the header
// too: what they send is replaced. The API believes the header only beside the secret that the distribution
// adds after this function.
//
// It names the API as host. The policy for these requests forwards what CloudFront knows of the viewer's place.
// Such a policy forwards the viewer's Host as well, and API Gateway answers 403 to a Host that is not its own.
// The template puts the API's domain in.

var API_DOMAIN = '${ApiDomain}';

function handler(event) {
    var request = event.request;
    request.headers['x-viewer-address'] = { value: event.viewer.ip };
    delete request.headers['x-origin-secret'];
    cf.updateRequestOrigin({ hostHeader: API_DOMAIN });
    return request;
}
