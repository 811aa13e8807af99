"""Fills the database of a new Samba domain, while no server runs.

usage: fill.py SMB_CONF SAM_LDB ENTRIES_LDIF MEMBERS_LDIF PASSWORDS
PASSWORDS has a line for each account to be enabled: its sAMAccountName, a tab, its password.
"""
import sys

from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

conf, sam, entries, members, passwords = sys.argv[1:]
lp = LoadParm()
lp.load(conf)
db = SamDB(url=sam, session_info=system_session(), lp=lp)


def text(name):
    with open(name, encoding="utf-8") as f:
        return f.read()


db.transaction_start()
db.add_ldif(text(entries))
db.modify_ldif(text(members))
db.transaction_commit()
for line in text(passwords).splitlines():
    account, password = line.split("\t")
    who = f"(sAMAccountName={account})"
    db.setpassword(who, password, force_change_at_next_login=False)
    db.enable_account(who)
