namespace Dmkd.Contracts.Merging;

/// <summary>What a submission carries.</summary>
[Alias("dmkd.SubmissionKind")]
public enum SubmissionKind
{
    /// <summary>The node's update.</summary>
    Update = 0,

    /// <summary>The node's part of the round's shared basis.</summary>
    Projection = 1,
}
