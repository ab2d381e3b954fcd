import { Controller, Get, Param } from '@nestjs/common'
import { ApiOperation, ApiTags } from '@nestjs/swagger'
import { Settings } from '@app/config'
import { Answers, NotFound, Open } from '@app/http'
import { z } from 'zod'
import { eventSchemaOf } from './event-schema.ts'

@ApiTags('destinations')
@Open()
@Controller('schemas/events')
export class EventSchemaController {
  constructor(private readonly settings: Settings) {}

  @Get(':type/:major')
  @ApiOperation({ summary: 'The JSON Schema that `dataschema` of an event names.' })
  @Answers(200, z.record(z.string(), z.unknown()))
  get(@Param('type') type: string, @Param('major') major: string): unknown {
    const schema = eventSchemaOf(type, major, this.settings.publicUrl)
    if (!schema) throw NotFound()
    return schema
  }
}
