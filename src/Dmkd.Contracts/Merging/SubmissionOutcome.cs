namespace Dmkd.Contracts.Merging;

/// <summary>What became of a submission.</summary>
[Alias("dmkd.SubmissionOutcome")]
public enum SubmissionOutcome
{
    /// <summary>Counts in the merge.</summary>
    Accepted = 0,

    /// <summary>The node's update of this round counts already.</summary>
    Duplicate = 1,

    /// <summary>The round is closed.</summary>
    Late = 2,

    /// <summary>The round is not open yet.</summary>
    TooEarly = 3,

    /// <summary>Relative to another version than the round's.</summary>
    WrongBase = 4,

    /// <summary>The node does not take part in the round.</summary>
    NotParticipating = 5,

    /// <summary>Malformed; see the reason.</summary>
    Refused = 6,
}
