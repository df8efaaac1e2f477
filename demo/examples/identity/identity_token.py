"""Who the visitor is, signed for the token server (HS256, RFC 7519). For the attribute `identity` of <kinescope-chat>."""
import base64, hashlib, hmac, json, time


def chat_identity(id: str, name: str, event: str, secret: str, hours: int = 6) -> str:
    encode = lambda raw: base64.urlsafe_b64encode(raw).rstrip(b"=")
    now = int(time.time())
    claims = {"sub": id, "name": name, "event_id": event, "aud": "kinescope-chat", "iat": now, "exp": now + hours * 3600}
    signed = b".".join(encode(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    signature = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    return (signed + b"." + encode(signature)).decode()
