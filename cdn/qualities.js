// Shared by the CloudFront Functions that choose by what a viewer accepts. Such a function imports nothing of ours,
// so the template puts this text before theirs.

var QUALITY = /^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/;

// Returns what a header such as Accept names, each with its quality:
// `image/webp;q=0.8, */*;q=0.1` -> {'image/webp': 0.8, '*/*': 0.1}. What has an invalid quality is left out.
// A header that is sent on several lines arrives as `multiValue`; the lines form one list (RFC 9110, 5.3).
function qualities(header) {
    var named = {};
    var lines = header ? header.multiValue || [header] : [];
    lines.map(function (line) { return line.value; }).join(',').toLowerCase().split(',').forEach(function (one) {
        var parts = one.split(';');
        var quality = 1;
        for (var i = 1; i < parts.length; i++) {
            var parameter = parts[i].trim();
            if (parameter.indexOf('q=') === 0) {
                var value = parameter.slice('q='.length);
                quality = QUALITY.test(value) ? Number(value) : NaN;
            }
        }
        if (!isNaN(quality)) {
            named[parts[0].trim()] = quality;
        }
    });
    return named;
}

