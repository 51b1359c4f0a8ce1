using System.IO.Enumeration;
using System.Numerics;

namespace Dmkd.Core.Tensors;

/// <summary>What a pickled object holds for a reader of weights.</summary>
/// <param name="Tensors">The state dict: tensors by name, in its order.</param>
/// <param name="Metadata">Numbers, texts and single-value tensors beside it, by name; a name with several values comes
/// with the last.</param>
/// <param name="Unreadable">Objects in the place of tensors, by name.</param>
/// <param name="Notices">What a person should know of the choice.</param>
internal sealed record FoundState(
    OrderedDictionary<string, TensorReference> Tensors,
    Dictionary<string, object> Metadata,
    IReadOnlyDictionary<string, string> Unreadable,
    IReadOnlyList<string> Notices
);

/// <summary>Finds the state dict in a pickled object.</summary>
/// <remarks>
/// It is the dictionary that is asked for, else the one under the first of the usual keys that holds tensors (up to
/// three levels deep), else the top-level dictionary with its tensors, else the only other dictionary of tensors. A
/// moving average of the weights (EMA) is taken only when there is nothing else, and never in silence.
/// </remarks>
internal static class StateDictFinder
{
    private const int MaxLevels = 3;
    private const int MaxLookedAt = 100; // other dictionaries, so that shared ones cost little
    private const int MaxListed = 12;

    private static readonly string[] Containers =
    [
        "state_dict",
        "model_state_dict",
        "model",
        "net",
        "weights",
        "model_state",
        "network",
        "params",
        "module",
        "net_state_dict",
        "student",
    ];

    private static readonly string[] Optimisers = ["optim", "sched", "scaler", "momentum", "loss", "criterion"];

    /// <summary>Finds the state dict.</summary>
    /// <param name="root">What was pickled.</param>
    /// <param name="name">What messages call the file.</param>
    /// <param name="choice">Which dictionary, and which of its names.</param>
    /// <exception cref="CheckpointFormatException">There is none, or it has too many tensors.</exception>
    public static FoundState Find(object? root, string name, CheckpointChoice choice)
    {
        if (root is not PickleDictionary top)
            throw new CheckpointFormatException($"{name}: {NoStateDict(root)}.");
        var names = new ChosenNames(choice);
        var notices = new List<string>();
        var place = choice.Key is null ? Search(top, name, notices) : Asked(top, choice.Key);
        if (place is not null && choice.Key is not null)
            names = new ChosenNames(choice with { Key = null }); // the key has done its work
        var start = new Place(top, "", [top]);
        place ??= Usual(start, 0) ?? start; // the key is the start of names
        var tensors = new OrderedDictionary<string, TensorReference>(StringComparer.Ordinal);
        var unreadable = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in place.Dictionary.TextPairs())
        {
            if (names.Find(key) is not { } chosen)
                continue;
            if (value is TensorReference tensor)
                tensors[chosen] = tensor;
            else if (value is PickleOpaque opaque)
                unreadable[chosen] = $"an object {CheckpointFormatException.Quote(opaque.Name)}";
        }

        if (tensors.Count == 0 && choice.Key is { } wanted)
            throw ChosenNames.Refusal(name, wanted, KeysOf(top));
        if (tensors.Count == 0)
            throw new CheckpointFormatException($"{name}: {NoStateDict(top)}.");
        if (tensors.Count > PickleLimits.Tensors)
            throw new CheckpointFormatException(
                $"{name}: a state dict must have at most {PickleLimits.Tensors} tensors; it has {tensors.Count}."
            );
        return new FoundState(tensors, MetadataOf(place), unreadable, notices);
    }

    /// <summary>The dictionary under a key whose parts are separated by dots.</summary>
    private static Place? Asked(PickleDictionary top, string key)
    {
        var place = new Place(top, "", [top]);
        string rest = key;
        while (rest.Length > 0)
        {
            var nested = place.Dictionary.Nested;
            string? part = nested
                .Keys.Where(known => rest == known || rest.StartsWith(known + '.', StringComparison.Ordinal))
                .MaxBy(known => known.Length);
            if (part is null)
                return null;
            place = place.Inside(part, nested[part]);
            rest = rest.Length == part.Length ? "" : rest[(part.Length + 1)..];
        }

        return Usual(place, place.Path.Count - 1) ?? (place.Dictionary.HasTensors ? place : null);
    }

    private static Place Search(PickleDictionary top, string name, List<string> notices)
    {
        var start = new Place(top, "", [top]);
        var usual = Usual(start, 0);
        bool hasOwn = top.TextPairs().Any(pair => pair.Value is TensorReference tensor && !IsSingle(tensor));
        var others = OthersOf(top, usual);
        var found = usual ?? (hasOwn ? start : Only(others, name) ?? start);
        others.RemoveAll(other => other.Dictionary == found.Dictionary);
        if (others.Count == 0)
            return NotedAverage(found, notices);
        string taken = found.Key.Length == 0 ? "the top of the file" : $"'{found.Key}'";
        string left = string.Join(", ", others.Select(Described));
        notices.Add($"the weights are those of {taken}; the file also has {left}: --key chooses");
        return found;
    }

    private static Place NotedAverage(Place found, List<string> notices)
    {
        if (IsAverage(found.Key))
            notices.Add($"the weights are those of {Described(found)}; the file has no others");
        return found;
    }

    /// <summary>The only dictionary of tensors that is no average; else the only one.</summary>
    private static Place? Only(IReadOnlyList<Place> others, string name)
    {
        Place[] raw = [.. others.Where(other => !IsAverage(other.Key))];
        var wanted = raw.Length > 0 ? raw : [.. others];
        if (wanted.Length <= 1)
            return wanted.FirstOrDefault();
        throw new CheckpointFormatException(
            $"{name}: holds several dictionaries of tensors: {string.Join(", ", wanted.Select(Described))}; "
                + "--key chooses."
        );
    }

    /// <summary>The dictionary under usual keys, or the place itself where it is under one.</summary>
    private static Place? Usual(Place place, int level)
    {
        if (level < MaxLevels)
        {
            var nested = place.Dictionary.Nested;
            foreach (string container in Containers)
                if (
                    nested.TryGetValue(container, out var inner)
                    && Usual(place.Inside(container, inner), level + 1) is { } found
                )
                    return found;
        }

        return level > 0 && place.Dictionary.HasTensors ? place : null;
    }

    /// <summary>Other dictionaries of tensors at the top.</summary>
    private static List<Place> OthersOf(PickleDictionary top, Place? usual)
    {
        var start = new Place(top, "", [top]);
        var others = new List<Place>();
        foreach (var (key, inner) in top.Nested.Take(MaxLookedAt))
        {
            if (key == usual?.First || Optimisers.Any(part => key.Contains(part, StringComparison.OrdinalIgnoreCase)))
                continue;
            var place = start.Inside(key, inner);
            if ((Usual(place, 1) ?? (inner.HasTensors ? place : null)) is { } found)
                others.Add(found);
        }

        return others;
    }

    private static Dictionary<string, object> MetadataOf(Place place)
    {
        var metadata = new Dictionary<string, object>(StringComparer.Ordinal);
        foreach (var dictionary in place.Path.Reverse())
        foreach (var (key, value) in dictionary.TextPairs())
        {
            bool isBeside = dictionary != place.Dictionary && value is TensorReference tensor && IsSingle(tensor);
            if (isBeside || value is bool or long or double or string or BigInteger)
                metadata[key] = value!;
        }

        return metadata;
    }

    private static bool IsSingle(TensorReference tensor) =>
        tensor.Shape.Items.Length <= 1 && tensor.Shape.Items.All(size => size is 1L);

    private static bool IsAverage(string key) =>
        key.Split('_', '.', '-').Any(part => part is "ema" or "EMA" or "swa" or "avg" or "average" or "averaged");

    private static string Described(Place place)
    {
        int count = place.Dictionary.TextPairs().Count(pair => pair.Value is TensorReference);
        string average = IsAverage(place.Key) ? "a moving average, " : "";
        return $"{CheckpointFormatException.Quote(place.Key)} ({average}{count} tensors)";
    }

    /// <summary>The keys that a person may ask for.</summary>
    private static IEnumerable<string> KeysOf(PickleDictionary top)
    {
        var dictionaries = top.Nested.Where(pair => pair.Value.HasTensors).Select(pair => pair.Key);
        var tensors = top.TextPairs().Where(pair => pair.Value is TensorReference).Select(pair => pair.Key + '.');
        return dictionaries.Concat(tensors);
    }

    private static string NoStateDict(object? root)
    {
        if (root is PickleOpaque opaque)
            return $"holds no state dict but an object {CheckpointFormatException.Quote(opaque.Name)}, whose program is "
                + "not in the file; save model.state_dict()";
        string usual = string.Join(", ", Containers.Take(5));
        string rule = $"holds no state dict: a dictionary of named tensors, at the top or under a key such as {usual}";
        if (root is not PickleDictionary dictionary)
            return rule;
        string[] keys = [.. dictionary.TextPairs().Select(pair => Shown(pair.Key, pair.Value)).Take(MaxListed)];
        return keys.Length == 0 ? rule : $"{rule}; its keys are {string.Join(", ", keys)}";
    }

    private static string Shown(string key, object? value) =>
        value is PickleOpaque opaque
            ? $"{CheckpointFormatException.Quote(key)} (an object {CheckpointFormatException.Quote(opaque.Name)})"
            : CheckpointFormatException.Quote(key);

    /// <summary>A dictionary and the way to it.</summary>
    private sealed record Place(PickleDictionary Dictionary, string Key, IReadOnlyList<PickleDictionary> Path)
    {
        /// <summary>The first key of the way.</summary>
        public string? First { get; private init; }

        public Place Inside(string key, PickleDictionary inner) =>
            new(inner, Key.Length == 0 ? key : $"{Key}.{key}", [.. Path, inner]) { First = First ?? key };
    }
}

/// <summary>The names that a choice leaves, and what it calls them.</summary>
internal sealed class ChosenNames(CheckpointChoice choice)
{
    private const int MaxListed = 12;
    private readonly string? _start = choice.Key is null ? null : choice.Key.TrimEnd('.') + '.';

    /// <summary>The name without the first parts that were asked for; null when it is left out.</summary>
    public string? Find(string name)
    {
        if (_start is not null && !name.StartsWith(_start, StringComparison.Ordinal))
            return null;
        if (choice.Ignored.Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false)))
            return null;
        return _start is null ? name : name[_start.Length..];
    }

    /// <summary>The entries of a dictionary by their names.</summary>
    public Dictionary<string, string> Of(IReadOnlyDictionary<string, string> values)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in values)
            if (Find(name) is { } chosen)
                found[chosen] = value;
        return found;
    }

    /// <summary>No dictionary of tensors has a key.</summary>
    /// <param name="file">What messages call the file.</param>
    /// <param name="key">The key.</param>
    /// <param name="names">Names and keys that there are.</param>
    public static CheckpointFormatException Refusal(string file, string key, IEnumerable<string> names)
    {
        string[] known = [.. names.Select(FirstPart).Distinct(StringComparer.Ordinal).Take(MaxListed + 1)];
        string more = known.Length > MaxListed ? " and more" : "";
        string list = string.Join(", ", known.Take(MaxListed).Select(CheckpointFormatException.Quote));
        string quoted = CheckpointFormatException.Quote(key);
        return new CheckpointFormatException($"{file}: no tensors are under {quoted}; there are {list}{more}.");
    }

    private static string FirstPart(string name) => name.Split('.', 2)[0];
}
