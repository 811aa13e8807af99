"""Fills the database of a new Samba domain, while no server runs.

usage: fill.py SMB_CONF SAM_LDB CONTAINER WRITER
It reads, beside itself: schema.ldif, attributes that are added to the schema, and that every
recipient of mail may have; entries.ldif; members.ldif; passwords, which has a line for each
account to be enabled: its sAMAccountName, a tab, its password; and rights, which has a line
for each attribute that WRITER may write below CONTAINER: a class, a tab, the attribute.
"""
import os
import sys

import ldb
from samba.auth import system_session
from samba.dcerpc import misc, security
from samba.ndr import ndr_unpack
from samba.param import LoadParm
from samba.samdb import SamDB
from samba.sd_utils import SDUtils

conf, sam, container, writer = sys.argv[1:]
lp = LoadParm()
lp.load(conf)
lp.set("dsdb:schema update allowed", "yes")


def text(name):
    with open(os.path.join(os.path.dirname(__file__), name), encoding="utf-8") as f:
        return f.read()


def pairs(name):
    return [line.split("\t") for line in text(name).splitlines()]


def open_database():
    return SamDB(url=sam, session_info=system_session(), lp=lp)


def guid_of(db, name):
    found = db.search(base=db.get_schema_basedn(), scope=ldb.SCOPE_ONELEVEL, attrs=["schemaIDGUID"],
                      expression=f"(lDAPDisplayName={name})")
    return ndr_unpack(misc.GUID, found[0]["schemaIDGUID"][0])


db = open_database()
if text("schema.ldif"):
    names = [str(m["lDAPDisplayName"][0]) for _, m in db.parse_ldif(text("schema.ldif"))]
    db.add_ldif(text("schema.ldif"))
    db.set_schema_update_now()
    # This class is a part of users, contacts and groups.
    db.modify_ldif(f"dn: CN=Mail-Recipient,{db.get_schema_basedn()}\nchangetype: modify\nadd: mayContain\n" +
                   "".join(f"mayContain: {name}\n" for name in names))
    db.set_schema_update_now()
    db = open_database()

db.transaction_start()
db.add_ldif(text("entries.ldif"))
db.modify_ldif(text("members.ldif"))
db.transaction_commit()
for account, password in pairs("passwords"):
    who = f"(sAMAccountName={account})"
    db.setpassword(who, password, force_change_at_next_login=False)
    db.enable_account(who)

# Rights as MS-DTYP §2.5.1 writes them: create and delete children of a class (CCDC), also
# where the container is divided further; write a property (WP) of what stands below.
found = db.search(base=writer, scope=ldb.SCOPE_BASE, attrs=["objectSid"])
sid = ndr_unpack(security.dom_sid, found[0]["objectSid"][0])
rights = pairs("rights")
entries = [f"(OA;CI;CCDC;{guid_of(db, name)};;{sid})" for name in sorted({name for name, _ in rights})]
entries += [f"(OA;CIIO;WP;{guid_of(db, attribute)};{guid_of(db, name)};{sid})" for name, attribute in rights]
SDUtils(db).dacl_add_ace(container, "".join(entries))
