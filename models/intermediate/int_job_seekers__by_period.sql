-- Grain: one row per participation of a job-seeker and period in which it is present.
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
