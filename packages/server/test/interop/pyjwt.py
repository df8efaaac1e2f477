"""Signs and verifies with PyJWT, for interop.test.ts."""
import json
import sys

import jwt

command, *args = sys.argv[1:]
if command == "verify":
    token, jwk = args
    key = jwt.PyJWK.from_dict(json.loads(jwk))
    assert jwt.get_unverified_header(token)["kid"] == json.loads(jwk)["kid"]
    print(json.dumps(jwt.decode(token, key.key, algorithms=["RS256"], audience="chat")))
elif command == "sign":
    path, kid, claims = args
    with open(path) as file:
        print(jwt.encode(json.loads(claims), file.read(), algorithm="RS256", headers={"kid": kid}))
elif command == "key":
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    print(
        made.private_bytes(
            serialization.Encoding.PEM,
            getattr(serialization.PrivateFormat, args[0]),
            serialization.NoEncryption(),
        ).decode()
    )
