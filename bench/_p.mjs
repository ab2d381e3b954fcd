import { startPlatform, start, closedLoop, SECRET } from '/work/main/bench/harness.mjs'
import { execSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
const platform = await startPlatform({XLB:process.env.XLB??'2',XLR:process.env.XLR??'2'})
const reference = await start(['bench/ingest-reference.mjs', platform.databaseUrl, platform.folder, SECRET])
const port = new URL(platform.databaseUrl).port
function pgpids(){ // children of postmaster
  const pm = readFileSync(platform.folder+'/postgres/postmaster.pid','utf8').split('\n')[0]
  return execSync(`pgrep -P ${pm}; echo ${pm}`).toString().trim().split('\n')
}
const cpu=()=>{ const o={}; for(const p of pgpids()){ try{const raw=readFileSync(`/proc/${p}/stat`,'utf8'); const f=raw.split(') ')[1].split(' '); const cmd=readFileSync(`/proc/${p}/cmdline`,'utf8').replace(/\0/g,' ').trim(); o[p+' '+cmd.slice(0,50)]=Number(f[11])+Number(f[12])}catch{}} return o}
for (const t of [reference, platform]) await closedLoop(t,64,5)
for (let r=0;r<2;r++) for (const [n,t] of [['ref',reference],['ours',platform]]) { const a=cpu(); const me0=process.cpuUsage(); const res=await closedLoop(t,64,5); const b=cpu(); const me=process.cpuUsage(me0); const events=res.rate*5; let tot=0; const list=[]; for(const k in b){const d=b[k]-(a[k]??0); tot+=d; if(d>3) list.push(k.slice(0,48)+' '+(d*1e4/events).toFixed(1))} console.log(n,res.rate.toFixed(0),'node',res.cpu.toFixed(0),'pg',(tot*1e4/events).toFixed(0),'client',((me.user+me.system)/events).toFixed(0), list) }
reference.child.kill('SIGKILL'); await platform.stop()
