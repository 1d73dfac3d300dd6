# SPDX-License-Identifier: Apache-2.0
# The house: every module, its floor and what it needs. Floors point down only.

rsx_module(core FLOOR 0 USES Threads::Threads)

rsx_module(gf        FLOOR 1 NEEDS core)
rsx_module(placement FLOOR 1 NEEDS core)
rsx_module(disk      FLOOR 1 NEEDS core)
rsx_module(wire      FLOOR 1 NEEDS core USES rsx::cereal)
rsx_module(digest    FLOOR 1 NEEDS core EXTENSION_HEADERS digest/openssl.hpp digest/xxhash.hpp)
rsx_extension(digest_openssl OF digest HEADERS digest/openssl.hpp USES OpenSSL::Crypto)
rsx_extension(digest_xxhash  OF digest HEADERS digest/xxhash.hpp USES rsx::xxhash)

rsx_module(codec FLOOR 2 NEEDS gf core)
rsx_module(wal   FLOOR 2 NEEDS disk digest core)
rsx_module(net   FLOOR 2 NEEDS wire digest core USES rsx::boost rsx::digest_openssl OpenSSL::SSL)
rsx_module(s3    FLOOR 2 NEEDS digest core USES rsx::pugixml rsx::digest_openssl)

rsx_module(meta  FLOOR 3 NEEDS wal wire net s3 core EXTENSION_HEADERS meta/rocksdb.hpp)
rsx_module(shard FLOOR 3 NEEDS wal disk digest wire net s3 core)
rsx_extension(meta_rocksdb OF meta HEADERS meta/rocksdb.hpp USES rsx::rocks)

rsx_module(object  FLOOR 4 NEEDS codec placement meta shard digest wire core)
rsx_module(gateway FLOOR 5 NEEDS object s3 net core)
rsx_module(sim     FLOOR 6 NEEDS gateway object meta shard codec wal net s3 gf placement disk wire digest core)

rsx_modules_done()
