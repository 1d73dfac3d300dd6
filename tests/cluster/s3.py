# SPDX-License-Identifier: Apache-2.0
"""A small S3 client of the standard library alone: signs with SigV4, keeps one connection a thread.

    s3 = S3(port=9000)
    status, headers, body = s3.put("bucket", "key", b"bytes")

It retries nothing and hides nothing: tests see what the server said. Errors of the connection come
as exceptions (OSError, http.client.HTTPException): then the outcome is unknown.
"""

import datetime
import hashlib
import hmac
import http.client
import threading
import urllib.parse

ACCESS_KEY = "rsxtestkey"
SECRET_KEY = "rsxtestsecret0123456789"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def quoted(text, safe="/"):
    return urllib.parse.quote(text, safe=safe + "~")


def signed_headers(method, host, path, query, headers, payload_hash, secret=SECRET_KEY,
                   access=ACCESS_KEY, now=None, region="us-east-1"):
    """The headers to send, x-amz-date and Authorization among them. `query`: list of pairs."""
    now = now or datetime.datetime.now(datetime.timezone.utc)
    date = now.strftime("%Y%m%dT%H%M%SZ")
    every = {"host": host, "x-amz-date": date, "x-amz-content-sha256": payload_hash}
    every.update({name.lower(): value for name, value in headers.items()})
    names = ";".join(sorted(every))
    canonical = "\n".join([
        method, quoted(path),
        "&".join(f"{quoted(k, '')}={quoted(v, '')}" for k, v in sorted(query)),
        "".join(f"{name}:{every[name].strip()}\n" for name in sorted(every)),
        names, payload_hash])
    scope = f"{date[:8]}/{region}/s3/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{sha256(canonical.encode())}"
    key = mac(mac(mac(mac(b"AWS4" + secret.encode(), date[:8]), region), "s3"), "aws4_request")
    signature = mac(key, to_sign).hex()
    every["authorization"] = (f"AWS4-HMAC-SHA256 Credential={access}/{scope}, "
                              f"SignedHeaders={names}, Signature={signature}")
    return every


class S3:
    def __init__(self, port, timeout=30, host="127.0.0.1"):
        self.host, self.port, self.timeout = host, port, timeout
        self.local = threading.local()

    def connection(self):
        if getattr(self.local, "connection", None) is None:
            self.local.connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)
        return self.local.connection

    def forget(self):
        if getattr(self.local, "connection", None) is not None:
            self.local.connection.close()
            self.local.connection = None

    def request(self, method, path, query=(), headers=None, body=b"", payload_hash=None):
        """(status, headers, body). `body` is bytes, or an iterable with Content-Length in headers."""
        query = list(query)
        if payload_hash is None:
            payload_hash = sha256(body) if isinstance(body, bytes) else "UNSIGNED-PAYLOAD"
        host = f"{self.host}:{self.port}"
        every = signed_headers(method, host, path, query, headers or {}, payload_hash)
        target = quoted(path)
        if query:
            target += "?" + "&".join(f"{quoted(k, '')}={quoted(v, '')}" for k, v in query)
        try:
            connection = self.connection()
            connection.request(method, target, body=body, headers=every)
            answer = connection.getresponse()
            content = answer.read()
            if answer.will_close:
                self.forget()
            return answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), content
        except BaseException:
            self.forget()
            raise

    def make_bucket(self, bucket):
        return self.request("PUT", f"/{bucket}")

    def put(self, bucket, key, body, **headers):
        return self.request("PUT", f"/{bucket}/{key}", headers=headers, body=body)

    def get(self, bucket, key, **headers):
        return self.request("GET", f"/{bucket}/{key}", headers=headers)

    def delete(self, bucket, key):
        return self.request("DELETE", f"/{bucket}/{key}")

    def keys(self, bucket):
        import xml.etree.ElementTree as tree
        space = "{http://s3.amazonaws.com/doc/2006-03-01/}"
        found, token = [], None
        while True:
            query = [("list-type", "2")] + ([("continuation-token", token)] if token else [])
            status, _, body = self.request("GET", f"/{bucket}", query)
            assert status == 200, body
            page = tree.fromstring(body)
            found += [each.findtext(space + "Key") for each in page.findall(space + "Contents")]
            token = page.findtext(space + "NextContinuationToken")
            if not token:
                return found
