namespace Dmkd.Chaos.Poisoning;

/// <summary>Names of what a hostile node may do.</summary>
internal static class AttackNames
{
    /// <summary>Nobody attacks: all nodes are honest.</summary>
    public const string None = "none";

    /// <summary>One value of the update is not a number.</summary>
    public const string NotANumber = "nan";

    /// <summary>One value of the update is infinite.</summary>
    public const string Infinity = "inf";

    /// <summary>The honest update a thousand times as long.</summary>
    public const string Thousandfold = "x1000";

    /// <summary>The honest update in the opposite direction.</summary>
    public const string SignFlip = "sign-flip";

    /// <summary>Gaussian noise in place of the update, with the norm of the honest one in every tensor.</summary>
    public const string Gaussian = "gaussian";

    /// <summary>An update trained on wrong labels: every class is called the next one.</summary>
    public const string LabelFlip = "label-flip";

    /// <summary>
    /// A claim of far too many training images, with a sign-flipped update so that the claim matters.
    /// </summary>
    public const string Inflate = "inflate";

    /// <summary>
    /// An update that another node sent and that was accepted in the round before, under the new round's header;
    /// nothing in the first round.
    /// </summary>
    public const string Replay = "replay";

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> All { get; } =
    [None, NotANumber, Infinity, Thousandfold, SignFlip, Gaussian, LabelFlip, Inflate, Replay];

    /// <summary>Attacks that must end in the same bits as a run of the honest nodes alone, whatever the rule.</summary>
    public static IReadOnlyList<string> WithoutEffect { get; } = [NotANumber, Infinity, Inflate, Replay];
}
