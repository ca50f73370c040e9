-- Grain: as `int_participants__counted`, the participations of job-seekers only.
{{ config(materialized='view') }}

with

participants as (

    select * from {{ ref('int_participants__counted') }}

),

job_seekers as (

    select * from participants
    where labour_status = 'JSK'

)

select * from job_seekers
