"""Checks the proof of a row of an audit log: python check_proof.py PROOF PUBLIC_KEY ...

A public key is 64 hexadecimal digits. Nothing here is Switchboard's: read it before you rely on it. The formats are
those of RFC 6962 and of c2sp.org/signed-note, tlog-checkpoint and tlog-proof, and proofs.md describes them.
"""

import base64
import hashlib
import json
import pathlib
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def sha256(data):
    return hashlib.sha256(data).digest()


def require(condition, what):
    if not condition:
        raise ValueError(what)


def from_base64(text):
    data = base64.b64decode(text, validate=True)
    require(base64.b64encode(data).decode() == text, "base64 that can be written in another way")
    return data


def root_of(leaf, size, place):
    """The root of the tree of that size in which the path leads up from the leaf (RFC 9162, section 2.1.3.2)."""
    index, last, root = int(place[0].removeprefix("index ")), size - 1, leaf
    require(place[0] == f"index {index}" and 0 <= index < size, "a place that is not in the tree")
    for beside in map(from_base64, place[1:]):
        require(last > 0 and len(beside) == 32, "a path that is no path")
        if index % 2 or index == last:
            root = sha256(b"\1" + beside + root)
            while index % 2 == 0 and index:
                index, last = index // 2, last // 2
        else:
            root = sha256(b"\1" + root + beside)
        index, last = index // 2, last // 2
    require(last == 0, "a path that is too short")
    return root


def check(proof, public_keys):
    """Return the row and the seal of its hour; an exception where it is not proven that the row was sealed."""
    head, sealed, tlog, checkpoint, signatures = proof.decode().split("\n\n")
    title, *place_in_hour = head.split("\n")
    tlog_title, *place_in_chain = tlog.split("\n")
    require((title, tlog_title) == ("switchboard row proof 1", "c2sp.org/tlog-proof@v1"), "another kind of file")
    # The seal: signed, and over a tree of the rows of its hour, of which this is one.
    row, statement, signature = sealed.split("\n")
    seal = json.loads(statement)
    require(seal[0] == "switchboard seal 2", "another kind of seal")
    signer = next(key for key in public_keys if seal[11] == "seal-" + hashlib.sha256(key).hexdigest()[:16])
    Ed25519PublicKey.from_public_bytes(signer).verify(from_base64(signature), statement.encode())
    in_hour = root_of(sha256(b"\0" + row.encode()), seal[2], place_in_hour)
    require(in_hour.hex() == seal[4], "a row that was not sealed")
    # The checkpoint: signed, and over a tree of seals, of which this is one. Signatures of others are not looked at.
    origin, size, root = checkpoint.split("\n")
    require(size == str(int(size)) and signatures.endswith("\n"), "a checkpoint that is none")
    in_chain = root_of(sha256(b"\0" + statement.encode() + from_base64(signature)), int(size), place_in_chain)
    require(in_chain == from_base64(root), "a seal that the checkpoint is not over")
    for mark, name, value in (line.split(" ") for line in signatures[:-1].split("\n")):
        for key in public_keys:
            key_hash = sha256(origin.encode() + b"\n\1" + key)[:4]
            if (mark, name, from_base64(value)[:4]) == ("\u2014", origin, key_hash):
                Ed25519PublicKey.from_public_bytes(key).verify(from_base64(value)[4:], f"{checkpoint}\n".encode())
                return row, seal
    raise ValueError("a checkpoint that is not signed with a key that was given")


if __name__ == "__main__":
    keys = [bytes.fromhex(key) for key in sys.argv[2:]]
    proven_row, its_seal = check(pathlib.Path(sys.argv[1]).read_bytes(), keys)
    # Its text and not its values: a reader of JSON rounds numbers. One that a terminal might obey, as Python writes it.
    print(proven_row if proven_row.isprintable() else ascii(proven_row), json.dumps(its_seal), sep="\n")
