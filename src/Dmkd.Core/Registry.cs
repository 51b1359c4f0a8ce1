using System.Globalization;
using System.Reflection;

namespace Dmkd.Core;

/// <summary>The name by which settings, options and messages call an implementation, with one line about it.</summary>
/// <param name="name">Lower case, such as <c>nnm</c>.</param>
/// <param name="summary">One line without a full stop, for lists.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method | AttributeTargets.Field)]
public sealed class NamedAttribute(string name, string summary) : Attribute
{
    /// <summary>The name.</summary>
    public string Name { get; } = name;

    /// <summary>One line about it.</summary>
    public string Summary { get; } = summary;

    /// <summary>Place in lists; what has none comes last, by name.</summary>
    public int Order { get; set; } = int.MaxValue;

    /// <summary>The name with its parameter, such as <c>krum-2</c>; null when it takes none.</summary>
    public string? Example { get; set; }

    /// <summary>What the parameter is, with its limits, such as <c>a share in [0, 0.5)</c>; null without one.</summary>
    public string? Parameter { get; set; }
}

/// <summary>The words that a setting may have.</summary>
public class Registry
{
    /// <summary>
    /// Lists words that have no implementation of their own: the code that reads the setting tells them apart.
    /// </summary>
    /// <param name="kind">What they are, as messages say it, such as <c>calibration</c>.</param>
    /// <param name="names">The words, in the order in which lists show them.</param>
    public Registry(string kind, IEnumerable<string> names)
        : this(kind, [.. names.Select(name => new NamedAttribute(name, ""))]) { }

    private protected Registry(string kind, IReadOnlyList<NamedAttribute> entries)
    {
        Kind = kind;
        Entries = entries;
        Names = [.. entries.Select(entry => entry.Name)];
    }

    /// <summary>What the words are, such as <c>merge rule</c>; settings ask for a registry by it.</summary>
    public string Kind { get; }

    /// <summary>The words without parameters.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The words with what is to be said about them.</summary>
    public IReadOnlyList<NamedAttribute> Entries { get; }

    /// <summary>Texts with a parameter, for messages.</summary>
    public string Examples => string.Join(", ", Entries.Select(entry => entry.Example).OfType<string>());

    /// <summary>Whether some words take a parameter.</summary>
    public bool TakesParameters => Examples.Length > 0;

    /// <summary>The words of a class: its constants with a <see cref="NamedAttribute"/>.</summary>
    /// <param name="kind">What they are.</param>
    /// <param name="place">The class.</param>
    public static Registry OfConstants(string kind, Type place)
    {
        ArgumentNullException.ThrowIfNull(place);
        return new Registry(
            kind,
            [
                .. InOrder(
                    place
                        .GetFields()
                        .Select(field => field.GetCustomAttribute<NamedAttribute>())
                        .OfType<NamedAttribute>()
                ),
            ]
        );
    }

    /// <summary>What is wrong with a text.</summary>
    /// <param name="text">A word, or one with a parameter.</param>
    /// <returns>A sentence that lists what there is; null when nothing is wrong.</returns>
    public virtual string? ProblemOf(string text) => Names.Contains(text) ? null : UnknownText(text);

    private protected string UnknownText(string text)
    {
        string parameters = TakesParameters ? $"; with a parameter: {Examples}" : "";
        string question = NearNames.Question(text, Names);
        return $"There is no {Kind} '{text}'; there are: {string.Join(", ", Names)}{parameters}.{question}";
    }

    private protected static IEnumerable<NamedAttribute> InOrder(IEnumerable<NamedAttribute> entries) =>
        entries.OrderBy(entry => entry.Order).ThenBy(entry => entry.Name, StringComparer.Ordinal);
}

/// <summary>
/// Finds implementations by name. They say their name themselves, by <see cref="NamedAttribute"/>: a new one is a file
/// of its own and nothing else. They are the classes of the assembly of <typeparamref name="T"/> that implement it, its
/// values when it is an enumeration, and static methods that fit when it is a delegate.
/// </summary>
/// <typeparam name="T">What they are.</typeparam>
public sealed class Registry<T> : Registry
    where T : notnull
{
    private readonly Dictionary<string, Implementation> _found;

    /// <summary>Looks for implementations.</summary>
    /// <param name="kind">What they are, as messages say it.</param>
    public Registry(string kind)
        : this(kind, Search()) { }

    private Registry(string kind, Dictionary<string, Implementation> found)
        : base(kind, [.. InOrder(found.Values.Select(implementation => implementation.Named))]) => _found = found;

    /// <summary>Finds an implementation.</summary>
    /// <param name="text">Its name, or its name and a parameter, such as <c>krum-2</c>.</param>
    /// <exception cref="ArgumentException">There is none, or its parameter is no number or out of range; the message
    /// says what there is.</exception>
    public T Find(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (_found.TryGetValue(text, out var known))
            return known.Make(null);
        var named = _found.Values.FirstOrDefault(entry =>
            entry.TakesParameter && text.StartsWith(entry.Named.Name + "-", StringComparison.Ordinal)
        );
        if (named is null)
            throw new ArgumentException(UnknownText(text), nameof(text));
        string parameter = text[(named.Named.Name.Length + 1)..];
        try
        {
            return named.Make(parameter);
        }
        catch (FormatException error)
        {
            string wanted = $"{error.Message}, as in {named.Named.Example}";
            throw new ArgumentException(
                $"The parameter of {Kind} '{text}' must be {wanted}; it is '{parameter}'.",
                nameof(text),
                error
            );
        }
    }

    /// <summary>The name of an implementation, as its class or value says it.</summary>
    /// <param name="value">Made by <see cref="Find"/>.</param>
    public string NameOf(T value) => _found.Values.First(entry => entry.Fits(value)).Named.Name;

    /// <inheritdoc/>
    public override string? ProblemOf(string text)
    {
        try
        {
            _ = Find(text);
            return null;
        }
        catch (ArgumentException error)
        {
            return RefusalText.Of(error);
        }
    }

    private static Dictionary<string, Implementation> Search()
    {
        return All().ToDictionary(entry => entry.Named.Name, StringComparer.Ordinal);
    }

    private static IEnumerable<Implementation> All()
    {
        if (typeof(T).IsEnum)
            return Values();
        return typeof(T).IsSubclassOf(typeof(Delegate)) ? Methods() : Classes();
    }

    private static IEnumerable<Implementation> Values() =>
        from field in typeof(T).GetFields(BindingFlags.Public | BindingFlags.Static)
        let named = field.GetCustomAttribute<NamedAttribute>()
        where named is not null
        let value = (T)field.GetValue(null)!
        select new Implementation(named, _ => value, value);

    private static IEnumerable<Implementation> Methods() =>
        from type in typeof(T).Assembly.GetTypes()
        from method in type.GetMethods(
            BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly
        )
        let named = method.GetCustomAttribute<NamedAttribute>()
        where named is not null
        let made = Delegate.CreateDelegate(typeof(T), method, throwOnBindFailure: false)
        where made is not null
        select new Implementation(named, _ => (T)(object)made, made);

    private static IEnumerable<Implementation> Classes() =>
        from type in typeof(T).Assembly.GetTypes()
        where type is { IsAbstract: false } && type.IsAssignableTo(typeof(T))
        let named = type.GetCustomAttribute<NamedAttribute>()
        where named is not null
        select new Implementation(named, parameter => Construct(type, parameter), type);

    /// <summary>Calls the constructor with the fewest parameters; an optional one takes the text's parameter.</summary>
    private static T Construct(Type type, string? parameter)
    {
        var constructor = type.GetConstructors().MinBy(candidate => candidate.GetParameters().Length)!;
        var parameters = constructor.GetParameters();
        object?[] values =
        [
            .. parameters.Select(known =>
                parameter is null ? known.DefaultValue : Number(known.ParameterType, parameter)
            ),
        ];
        try
        {
            return (T)constructor.Invoke(values);
        }
        catch (TargetInvocationException error) when (error.InnerException is ArgumentException)
        {
            throw error.InnerException;
        }
    }

    private static object Number(Type type, string text)
    {
        bool isWhole = (Nullable.GetUnderlyingType(type) ?? type) == typeof(int);
        if (!isWhole && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number))
            return number;
        if (isWhole && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count))
            return count;
        bool isTooLarge = isWhole && text.Length > 0 && text.All(char.IsAsciiDigit);
        string limit = isTooLarge ? $" up to {int.MaxValue}" : "";
        throw new FormatException(isWhole ? $"a whole number{limit}" : "a number");
    }

    private sealed record Implementation(NamedAttribute Named, Func<string?, T> Make, object Source)
    {
        public bool TakesParameter => Named.Example is not null;

        public bool Fits(T value) => Source.Equals(value) || Source.Equals(value.GetType());
    }
}
