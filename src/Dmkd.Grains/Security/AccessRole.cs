namespace Dmkd.Grains.Security;

/// <summary>What somebody is to the cluster. A certificate names it as its organizational unit, an API key in its line.</summary>
public enum AccessRole
{
    /// <summary>May look at everything and ask for predictions; changes nothing.</summary>
    Reader = 0,

    /// <summary>A machine that trains outside the silos: sends its own updates, and reads what it needs for them.</summary>
    Node = 1,

    /// <summary>A person or program that starts and stops runs.</summary>
    Operator = 2,

    /// <summary>A silo: part of the cluster, trusted with all of it. No client may have it.</summary>
    Silo = 3,
}
