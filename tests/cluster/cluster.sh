#!/usr/bin/env bash
# A SLURM cluster of two nodes on this machine, for the tests.
#
#     head:  munged, slurmctld, a bridge 10.77.0.254 --+-- node1: slurmd, 10.77.0.1
#                                                      +-- node2: slurmd, 10.77.0.2
#
# Each of the three is a process with network, host name, mounts (/tmp and /dev/shm of its own) and
# process ids of its own, so killing its first process is pulling its plug, and nothing outlives it:
# no interface, no mount, no daemon. FOLDER and this repository are seen by all three under the same
# path; SLURM's own files and logs stand in FOLDER/slurm.
#
#   cluster.sh packages                 installs what is needed (Debian, root)
#   cluster.sh lacks                    one line that says why this machine cannot; nothing if it can
#   cluster.sh start FOLDER
#   cluster.sh on FOLDER head|node1|node2 COMMAND...
#   cluster.sh cut FOLDER NODE          the node is lost: link down, then every process killed
#   cluster.sh plug FOLDER NODE         and comes back, freshly booted
#   cluster.sh stop FOLDER              all of it gone; the log files stay
#
# Two choices are not SLURM's defaults: linuxproc instead of cgroups, which need a systemd; and
# credentials that expire after 10 s, because a requeued job waits for that.
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
self=$root/tests/cluster/cluster.sh
nodes='node1 node2'

complain() {
    echo "cluster.sh: $*" >&2
    exit 1
}

packages() {
    local need='slurm-wlm munge iproute2 util-linux procps hdf5-tools'
    # shellcheck disable=SC2086  # a list
    dpkg -s $need >/dev/null 2>&1 || {
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $need
    }
}

lacks() {
    [ "$(id -u)" = 0 ] || { echo 'a test cluster needs root' && return; }
    local tool
    for tool in slurmctld slurmd munged ip unshare nsenter; do
        command -v "$tool" >/dev/null || { echo "$tool is not installed" && return; }
    done
    unshare --net --uts --mount --pid --fork --mount-proc sh -c '
        ip link add bridge0 type bridge && ip link add v0 type veth peer name v1 &&
        mount -t tmpfs tmpfs /tmp' >/dev/null 2>&1 ||
        echo 'this machine allows no network namespaces, bridges or mounts'
}

configure() {
    local cpus
    cpus=$(nproc)
    cat >"$folder/slurm.conf" <<END
ClusterName=unmask
SlurmctldHost=head(10.77.0.254)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket,cred_expire=10
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/%n
SlurmctldPidFile=$folder/state/pid
SlurmdPidFile=$folder/%n/pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout=60
KillWait=10
OverTimeLimit=0
SchedulerParameters=bf_interval=5,sched_interval=5,batch_sched_delay=1
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
NodeName=node1 NodeAddr=10.77.0.1 CPUs=$((cpus < 4 ? 4 : cpus))
NodeName=node2 NodeAddr=10.77.0.2 CPUs=$((cpus < 4 ? 4 : cpus))
PartitionName=night Nodes=node1,node2 Default=YES MaxTime=INFINITE State=UP
END
    printf 'CgroupAutomount=no\nCgroupPlugin=cgroup/v1\n' >"$folder/cgroup.conf"
}

# ---- inside: the first process of the head and of each node --------------------------------------

# A /tmp and /dev/shm for this node alone. What has to be seen there by all (a repository or a
# cluster folder that lies below /tmp) is held open and bound back in.
hide_tmp() {
    exec 8<"$root" 9<"$shared"
    mount -t tmpfs tmpfs /tmp
    mount -t tmpfs tmpfs /dev/shm
    chmod 1777 /tmp /dev/shm
    case $root in /tmp/*) mkdir -p "$root" && mount -c --bind /proc/self/fd/8 "$root" ;; esac
    case $shared in /tmp/*) mkdir -p "$shared" && mount -c --rbind /proc/self/fd/9 "$shared" ;; esac
    exec 8<&- 9<&-
}

boot() { # FOLDER NAME ADDRESS
    local name=$2
    hostname "$name"
    ip link set lo up
    hide_tmp
    export SLURM_CONF=$folder/slurm.conf
    echo $$ >"$folder/$name.booted"
    if [ "$name" = head ]; then
        munged --foreground --force --num-threads=1 --key-file="$folder/munge/key" \
            --socket="$folder/munge/socket" --pid-file="$folder/munge/pid" \
            --log-file="$folder/munge/log" --seed-file="$folder/munge/seed" &
        ip link add bridge0 type bridge
        ip addr add 10.77.0.254/24 dev bridge0
        ip link set bridge0 up
        wait_for 60 'munged' test -S "$folder/munge/socket"
        slurmctld -D -i &
    else
        wait_for 60 'its network' ip link show eth0
        ip addr add "$3/24" dev eth0
        ip link set eth0 up
        slurmd -D -N "$name" &
    fi
    while :; do wait -n 2>/dev/null || sleep 1; done # the first process inherits all orphans
}

# ---- outside -------------------------------------------------------------------------------------

wait_for() { # SECONDS WHAT COMMAND...
    local end=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || complain "$what did not come up in time"
        sleep 0.1
    done
}

pid_of() { # the first process of head or node, as the outside counts
    cat "$folder/$1.pid" 2>/dev/null || echo none
}

launch() { # NAME [ADDRESS]
    rm -f "$folder/$1.booted"
    setsid unshare --net --uts --mount --pid --fork --kill-child --mount-proc \
        "$self" boot "$shared" "$1" "${2:-}" </dev/null >>"$folder/$1.out" 2>&1 &
    local outer=$!
    wait_for 60 "$1" test -s "$folder/$1.booted"
    ps -o pid= --ppid $outer | tr -d ' ' >"$folder/$1.pid"
}

on() { # NAME COMMAND...
    local pid
    pid=$(pid_of "$1")
    [ -d "/proc/$pid" ] || complain "$1 is not running"
    shift
    SLURM_CONF=$folder/slurm.conf nsenter --target "$pid" --net --uts --mount --pid --wd="$PWD" "$@"
}

plug() { # NODE
    local head
    head=$(pid_of head)
    # PMIx's sockets of jobs that died with the node would keep the same jobs from starting again.
    rm -rf "${folder:?}/$1" && mkdir "$folder/$1"
    launch "$1" "10.77.0.${1#node}"
    nsenter --target "$head" --net ip link add "$1" type veth peer name eth0 netns "$(pid_of "$1")"
    nsenter --target "$head" --net ip link set "$1" master bridge0 up || complain "no link to $1"
    wait_for 60 "$1 in SLURM" node_ready "$1"
}

node_ready() {
    on head sinfo --noheader --nodes "$1" --format %t | grep -qxE 'idle|mix|alloc|comp|down'
}

cut() { # NODE: first silence, then death, so that nobody hears a goodbye
    nsenter --target "$(pid_of head)" --net ip link set "$1" down
    kill -9 "$(pid_of "$1")"
    nsenter --target "$(pid_of head)" --net ip link delete "$1"
    rm -f "$folder/$1.pid"
}

start() {
    mkdir -p "$folder/munge" "$folder/state" "$folder/node1" "$folder/node2" || exit 1
    chmod 700 "$folder/munge"
    head -c 128 /dev/urandom >"$folder/munge/key"
    chmod 600 "$folder/munge/key"
    configure
    launch head
    wait_for 60 'slurmctld' on head sinfo
    local node
    for node in $nodes; do plug "$node"; done
}

stop() {
    local name pid
    for name in $nodes head; do
        pid=$(pid_of "$name")
        [ "$pid" = none ] || kill -9 "$pid" 2>/dev/null
        rm -f "$folder/$name.pid"
    done
    rm -rf "$folder/munge"
}

action=${1:-}
[ $# -ge 2 ] && shared=$2 folder=$2/slurm
case $action in
packages | lacks) "$action" ;;
start | stop) "$action" ;;
boot) boot "${@:2}" ;;
on | cut | plug) "$action" "${@:3}" ;;
*) complain "packages | lacks | start FOLDER | on FOLDER NODE COMMAND | cut FOLDER NODE | plug FOLDER NODE | stop FOLDER" ;;
esac
