using System.ComponentModel;
using System.Globalization;
using Dmkd.Core;
using Dmkd.Grains.Nodes;
using Microsoft.Extensions.Configuration;

namespace Dmkd.Silo.Settings;

/// <summary>A node that a party offers at its silo: section <c>Dmkd:Nodes:0</c> and so on.</summary>
internal sealed class NodeOptions
{
    [Description("Name of the node, which no other node of the cluster has.")]
    public string? Name { get; set; }

    [Description("Folder or file of its examples, on this machine.")]
    public string? Data { get; set; }

    [Description("Kind of its data set; told by the path when not given.")]
    public string? Kind { get; set; }

    [Description("Share of each class that the node keeps for testing, for data without test examples.")]
    public string? Holdout { get; set; }
}

/// <summary>Reads and checks the nodes that a silo's settings name, before the silo starts.</summary>
internal static class NodeSettings
{
    private const double MinHoldout = 0.01,
        MaxHoldout = 0.9;

    /// <summary>The nodes.</summary>
    /// <param name="section">Section <c>Dmkd:Nodes</c>.</param>
    /// <param name="problems">Receives what is wrong.</param>
    public static OfferedNodes Read(IConfigurationSection section, List<string> problems)
    {
        var nodes = new List<PartyNode>();
        foreach (var child in section.GetChildren())
        {
            var options = CheckedBinder.Bind<NodeOptions>(child, problems);
            if (NodeOf(child.Path, options, problems) is not { } node)
                continue;
            if (nodes.Any(other => other.Name == node.Name))
                problems.Add($"{child.Path}:Name is {node.Name} as another node's is: give it one of its own.");
            nodes.Add(node);
        }

        return new OfferedNodes(nodes);
    }

    private static PartyNode? NodeOf(string path, NodeOptions options, List<string> problems)
    {
        int before = problems.Count;
        if (KeyName.ProblemOf($"{path}:Name", options.Name) is { } problem)
            problems.Add(problem);
        if (string.IsNullOrEmpty(options.Data))
            problems.Add($"{path}:Data is missing: name the folder or file of the node's examples.");
        double? holdout = HoldoutOf(path, options.Holdout, problems);
        if (problems.Count > before)
            return null;
        try
        {
            return PartyNode.Of(options.Name!, options.Data!, options.Kind, holdout);
        }
        catch (NodeOfferException e)
        {
            problems.Add($"{path}:Data: {e.Message}");
            return null;
        }
    }

    private static double? HoldoutOf(string path, string? text, List<string> problems)
    {
        if (text is null)
            return null;
        if (
            double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double share)
            && share is >= MinHoldout and <= MaxHoldout
        )
            return share;
        problems.Add(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{path}:Holdout must be a number in [{MinHoldout}, {MaxHoldout}], not '{text}'."
            )
        );
        return null;
    }
}
