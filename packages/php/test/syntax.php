<?php

// Lists syntax and functions in the given files that PHP 7.4 doesn't support. Needs nikic/php-parser.

require 'PhpParser/autoload.php';

use PhpParser\Node;

$newer = ['str_contains', 'str_starts_with', 'str_ends_with', 'get_debug_type', 'array_is_list', 'fdiv', 'json_validate'];
$parser = (new PhpParser\ParserFactory())->create(PhpParser\ParserFactory::ONLY_PHP7);
$finder = new PhpParser\NodeFinder();
$found = 0;
$is74 = static function (Node $node) use ($newer): bool {
    $isNew = $node instanceof Node\Stmt\Enum_ || $node instanceof Node\Expr\Match_ || $node instanceof Node\AttributeGroup
        || $node instanceof Node\Expr\NullsafeMethodCall || $node instanceof Node\Expr\NullsafePropertyFetch
        || $node instanceof Node\UnionType || $node instanceof Node\IntersectionType || $node instanceof Node\Expr\Throw_
        || $node instanceof Node\VariadicPlaceholder || ($node instanceof Node\Arg && $node->name !== null)
        || ($node instanceof Node\Param && $node->flags !== 0) || ($node instanceof Node\Stmt\Catch_ && $node->var === null)
        || ($node instanceof Node\Stmt\Property && ($node->flags & Node\Stmt\Class_::MODIFIER_READONLY) !== 0)
        || ($node instanceof Node\Identifier && in_array(strtolower($node->name), ['mixed', 'never', 'false', 'true'], true)
            && $node->getAttribute('isType') === true)
        || ($node instanceof Node\Expr\FuncCall && $node->name instanceof Node\Name
            && in_array(strtolower($node->name->toString()), $newer, true));
    return !$isNew;
};
foreach (array_slice($argv, 1) as $file) {
    $tree = (array) $parser->parse((string) file_get_contents($file));
    foreach ($finder->findInstanceOf($tree, Node\FunctionLike::class) as $function) {
        $types = array_merge([$function->getReturnType()], array_column($function->getParams(), 'type'));
        foreach ($types as $type) {
            $type = $type instanceof Node\NullableType ? $type->type : $type;
            if ($type instanceof Node\Identifier) {
                $type->setAttribute('isType', true);
            } elseif ($type instanceof Node\Name && strtolower($type->toString()) === 'static') {
                echo "$file:{$type->getStartLine()} static\n";
                $found++;
            }
        }
    }
    foreach (
        $finder->find($tree, static function (Node $node) use ($is74): bool {
            return !$is74($node);
        }) as $node
    ) {
        echo "$file:{$node->getStartLine()} {$node->getType()}\n";
        $found++;
    }
}
exit($found === 0 ? 0 : 1);
