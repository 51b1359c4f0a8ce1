using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Settings;

namespace Dmkd.Grains.Libraries;

/// <summary>What a library that parties grow may be asked to learn, and what it then becomes. Pure.</summary>
internal static class Lessons
{
    private const int MinClasses = 2;

    /// <summary>The settings of a library with one more task.</summary>
    /// <param name="settings">The library's settings.</param>
    /// <param name="lesson">What to learn.</param>
    /// <param name="offered">The nodes of the cluster.</param>
    /// <exception cref="InvalidOperationException">Names the class or node that is not as it has to be.</exception>
    public static RunSettings Add(RunSettings settings, Lesson lesson, IReadOnlyList<OfferedNode> offered)
    {
        var plan = settings.Library!;
        string[] classes = [.. lesson.Classes.Select(name => name.Trim())];
        if (lesson.Rounds is < 1 or > Lesson.MaxRounds)
            throw new InvalidOperationException($"A lesson has 1 to {Lesson.MaxRounds} rounds, not {lesson.Rounds}.");
        RequireClasses(plan, classes);
        OfferedNode[] teachers =
        [
            .. Asked(lesson, offered).Where(node => TaughtBy(node, classes, plan.MinClassCount) > 0),
        ];
        foreach (string name in classes)
            RequireTaught(name, teachers, plan.MinClassCount, offered);
        foreach (string node in lesson.Nodes.Except(teachers.Select(teacher => teacher.Offer.Name)))
            throw new InvalidOperationException(
                $"Node '{node}' has none of these classes, or fewer than {plan.MinClassCount} examples of each; leave it out."
            );
        RequireTested(classes, teachers, plan.MinClassCount);

        string[] names = [.. teachers.Select(teacher => teacher.Offer.Name)];
        string[] nodes = [.. plan.Nodes, .. names.Except(plan.Nodes)];
        var task = new LearnedTask
        {
            Classes = classes,
            Nodes = [.. names.Select(name => Array.IndexOf(nodes, name)).Order()],
            Examples = teachers.Sum(teacher => TaughtBy(teacher, classes, plan.MinClassCount)),
        };
        LearnedTask[] tasks = [.. plan.Tasks, task];
        return settings with
        {
            Tasks = tasks.Length,
            TaskSizes = string.Join(',', tasks.Select(one => one.Classes.Length)),
            Participation = settings.Participation with { Nodes = nodes.Length },
            Training = settings.Training with { Rounds = lesson.Rounds ?? settings.Training.Rounds },
            Library = plan with { Nodes = nodes, Tasks = tasks },
        };
    }

    private static void RequireClasses(LibraryPlan plan, string[] classes)
    {
        if (classes.Length < MinClasses)
            throw new InvalidOperationException(
                $"A lesson needs at least {MinClasses} classes that the library does not know; {classes.Length} "
                    + "was given."
            );
        if (classes.FirstOrDefault(name => name.Length == 0) is not null)
            throw new InvalidOperationException("A class without a name cannot be learned.");
        if (
            classes.GroupBy(name => name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is
            { } twice
        )
            throw new InvalidOperationException($"Class '{twice.Key}' is named twice.");
        string[] known = plan.ClassNames;
        foreach (string name in classes)
        {
            if (known.Contains(name, StringComparer.Ordinal))
                throw new InvalidOperationException(
                    $"The library knows class '{name}' already; a lesson is of classes that are new to it."
                );
            if (Array.Find(known, one => IsAlike(one, name)) is { } alike)
                throw new InvalidOperationException(
                    $"Class '{name}' differs from '{alike}', which the library knows, by case or spaces alone; "
                        + "call both the same."
                );
        }
    }

    /// <summary>Those named; of all that are here, when none is.</summary>
    private static IEnumerable<OfferedNode> Asked(Lesson lesson, IReadOnlyList<OfferedNode> offered)
    {
        if (lesson.Nodes.Length == 0)
            return offered.Where(node => node.IsHere);
        return lesson
            .Nodes.Distinct(StringComparer.Ordinal)
            .Select(name =>
            {
                var node =
                    offered.FirstOrDefault(one => one.Offer.Name == name)
                    ?? throw new InvalidOperationException($"Nobody offers a node '{name}'. {HereOf(offered)}");
                return node.IsHere
                    ? node
                    : throw new InvalidOperationException($"Node '{name}' is away. {HereOf(offered)}");
            })
            .OrderBy(node => node.Offer.Name, StringComparer.Ordinal);
    }

    private static string HereOf(IReadOnlyList<OfferedNode> offered)
    {
        string[] here = [.. offered.Where(node => node.IsHere).Select(node => node.Offer.Name)];
        return here.Length == 0 ? "No node is here." : $"Here are: {string.Join(", ", here)}.";
    }

    private static void RequireTaught(
        string name,
        OfferedNode[] teachers,
        int least,
        IReadOnlyList<OfferedNode> offered
    )
    {
        if (teachers.Any(teacher => CountOf(teacher.Offer, name) >= least))
            return;
        int most = offered.Where(node => node.IsHere).Select(node => CountOf(node.Offer, name)).DefaultIfEmpty().Max();
        if (most > 0)
            throw new InvalidOperationException(
                $"Class '{name}' needs {least} training examples at one node at least; the most that a node which is "
                    + $"asked has are {most}."
            );
        string none = $"No node that is here has a class '{name}'";
        if (offered.FirstOrDefault(node => CountOf(node.Offer, name) > 0) is { } away)
            throw new InvalidOperationException($"{none}; {away.Offer.Name} has, and is away. {HereOf(offered)}");
        var alike = offered.SelectMany(node => node.Offer.Classes).FirstOrDefault(one => IsAlike(one, name));
        throw new InvalidOperationException(
            alike is null ? $"{none}. {HereOf(offered)}" : $"{none}; is '{alike}' meant?"
        );
    }

    private static void RequireTested(string[] classes, OfferedNode[] teachers, int least)
    {
        bool isTested = teachers.Any(teacher =>
            teacher
                .Offer.Classes.Zip(teacher.Offer.TestCounts)
                .Any(own => classes.Contains(own.First) && own.Second >= least)
        );
        if (!isTested)
            throw new InvalidOperationException(
                $"No node keeps {least} examples of any of these classes for testing, so nothing could be evaluated; "
                    + "set Holdout of a node higher."
            );
    }

    private static long TaughtBy(OfferedNode node, string[] classes, int least) =>
        classes.Select(name => CountOf(node.Offer, name)).Where(count => count >= least).Sum(count => (long)count);

    private static int CountOf(NodeOffer offer, string name)
    {
        int label = Array.IndexOf(offer.Classes, name);
        return label < 0 ? 0 : offer.TrainCounts[label];
    }

    private static bool IsAlike(string one, string other) =>
        string.Equals(Plain(one), Plain(other), StringComparison.OrdinalIgnoreCase);

    private static string Plain(string name) => string.Concat(name.Where(char.IsLetterOrDigit));
}
