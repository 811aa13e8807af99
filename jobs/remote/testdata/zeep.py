"""Calls operations of a SOAP service as its description says, for a test.

It reads from standard input, as JSON: wsdl, authority (PEM), user, password, and calls with
port, operation and arguments. It prints what zeep made of each answer.
"""

import json
import ssl
import sys

import requests
import zeep
from requests.adapters import HTTPAdapter
from zeep.helpers import serialize_object

given = json.load(sys.stdin)


class Trusting(HTTPAdapter):
    """Trusts the authority of the test, and no other."""

    def init_poolmanager(self, *args, **kwargs):
        context = ssl.create_default_context(cadata=given["authority"])
        context.check_hostname = False  # urllib3 compares the address, which ssl cannot here
        kwargs["ssl_context"] = context
        return super().init_poolmanager(*args, **kwargs)

    def cert_verify(self, conn, url, verify, cert):
        conn.cert_reqs = "CERT_REQUIRED"
        conn.ca_certs = None  # Debian's urllib3 names a file, which need not be there


session = requests.Session()
session.trust_env = False
session.mount("https://", Trusting())
session.auth = (given["user"], given["password"])
client = zeep.Client(given["wsdl"], transport=zeep.Transport(session=session))

told = []
for call in given["calls"]:
    service = client.bind("SharepointEmailWS", call["port"])
    try:
        answer = serialize_object(service[call["operation"]](**call["arguments"]), dict)
        told.append(answer if isinstance(answer, dict) else {"Status": answer})
    except zeep.exceptions.Fault as fault:
        told.append({"Fault": fault.code, "Text": fault.message})
json.dump(told, sys.stdout)
