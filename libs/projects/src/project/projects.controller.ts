import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common'
import { ApiOperation, ApiTags } from '@nestjs/swagger'
import {
  Answers,
  CalledBy,
  type Caller,
  Needs,
  type Page,
  pageOf,
  pageQuery,
  type PageRequest,
  pageSchema,
  UuidPath,
} from '@app/http'
import { z } from 'zod'
import { AuditLog } from '../audit/audit-log.ts'
import {
  changedProject,
  newProject,
  presentProject,
  type ProjectFields,
  shownProject,
} from './project.api.ts'
import { HostOwnsProjects, ResidencyUnmet, WholeProjectOnly } from '../projects.problems.ts'
import { ALL_PROJECTS, Projects } from './projects.ts'

@ApiTags('projects')
@Controller('v1/projects')
export class ProjectsController {
  constructor(
    private readonly projects: Projects,
    private readonly audit: AuditLog,
  ) {}

  @Post()
  @Needs('admin')
  @ApiOperation({ summary: 'Make a project: a tenant with its own keys, connections and events.' })
  @Answers(201, shownProject, ResidencyUnmet, HostOwnsProjects)
  async create(
    @Body({ schema: newProject }) fields: ProjectFields,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    const project = await this.projects.create(fields)
    await this.audit.by(caller, 'project.created', project.id, {}, project.id)
    return presentProject(project)
  }

  @Get()
  @Needs('read')
  @ApiOperation({ summary: 'Projects, newest first; a project key sees its own.' })
  @Answers(200, pageSchema(shownProject))
  async list(
    @Query({ schema: z.strictObject(pageQuery) }) page: PageRequest,
    @CalledBy() caller: Caller,
  ): Promise<Page<unknown>> {
    const projects = await this.projects.list(page, caller.projectId)
    return pageOf(projects, page, ALL_PROJECTS, ({ id }) => id, presentProject)
  }

  @Get(':p')
  @Needs('read')
  @ApiOperation({ summary: 'One project.' })
  @Answers(200, shownProject)
  async get(@Param('p', UuidPath) id: string): Promise<unknown> {
    return presentProject(await this.projects.get(id))
  }

  @Patch(':p')
  @Needs('admin')
  @ApiOperation({ summary: 'Change name, country, residency, return origins, retention or routing.' })
  @Answers(200, shownProject, ResidencyUnmet, HostOwnsProjects)
  async change(
    @Param('p', UuidPath) id: string,
    @Body({ schema: changedProject }) fields: ProjectFields,
    @CalledBy() caller: Caller,
  ): Promise<unknown> {
    refuseForPartOf(caller)
    const project = await this.projects.change(id, fields)
    await this.audit.by(caller, 'project.changed', id, { fields: Object.keys(fields) }, id)
    return presentProject(project)
  }

  @Delete(':p')
  @Needs('admin')
  @HttpCode(204)
  @ApiOperation({ summary: 'Forget a project: its connections, events, keys, and the keys of its bodies.' })
  async remove(@Param('p', UuidPath) id: string, @CalledBy() caller: Caller): Promise<void> {
    refuseForPartOf(caller)
    await this.projects.remove(id)
    await this.audit.by(caller, 'project.deleted', id, {}, id)
  }
}

/** Settings hold for every environment: a key of one does not decide over the others. */
function refuseForPartOf({ environment }: Caller): void {
  if (environment !== null) throw WholeProjectOnly({ values: { environment } })
}
