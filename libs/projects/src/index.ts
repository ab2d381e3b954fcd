/** Tenants, their keys, who may do what, and the audit of it. */
export { AuditLog } from './audit/audit-log.ts'
export { refuseForeignEnvironment } from './keys/foreign-environment.ts'
export { Projects } from './project/projects.ts'
export { ResidencyUnmet } from './projects.problems.ts'
export { residencyProblem } from './project/residency.ts'
export { ProjectsModule } from './projects.module.ts'
