"""Creates an access entry for each line of a file, sixteen at a time, and checks nothing.

What a script does that many would write. A line holds the ARN, the username, and a group or `system:masters`, which
stands for the policy of administrators. Prints how many seconds the calls took and how many there were; importing
boto3 and making the client is not counted.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config

CLUSTER, PATH, WORKERS = sys.argv[1], sys.argv[2], int(sys.argv[3])
ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"

eks = boto3.client("eks", config=Config(max_pool_connections=WORKERS))


def create(line):
    arn, username, group = line.split()
    admin = group == "system:masters"
    entry = {"clusterName": CLUSTER, "principalArn": arn, "username": username}
    if not admin:
        entry["kubernetesGroups"] = [group]
    eks.create_access_entry(**entry)
    if admin:
        eks.associate_access_policy(
            clusterName=CLUSTER,
            principalArn=arn,
            policyArn=ADMIN,
            accessScope={"type": "cluster"},
        )
    return 2 if admin else 1


with open(PATH) as file:
    lines = file.read().splitlines()
began = time.monotonic()
with ThreadPoolExecutor(WORKERS) as pool:
    calls = sum(pool.map(create, lines))
print(time.monotonic() - began, calls)
