/** Tenants, their keys, who may do what, and the audit of it. */
export { AuditLog } from './audit/audit-log.ts'
export { Projects } from './project/projects.ts'
export { ResidencyUnmet } from './projects.problems.ts'
export { ProjectsModule } from './projects.module.ts'
